-- What is an average order worth in each city?
-- seconds: 0.45
SELECT c.city, COUNT(DISTINCT o.id) AS orders,
       SUM(l.quantity * l.price_cents) / COUNT(DISTINCT o.id) AS cents_per_order
FROM shop_customers AS c
JOIN shop_orders AS o ON o.customer_id = c.id AND o.status <> 'cancelled'
JOIN shop_lines AS l ON l.order_id = o.id
GROUP BY c.city
ORDER BY cents_per_order DESC, c.city
