-- Which ten customers have spent the most?
-- seconds: 0.60
SELECT c.id AS customer, c.city, SUM(l.quantity * l.price_cents) AS spent_cents
FROM shop_customers AS c
JOIN shop_orders AS o ON o.customer_id = c.id AND o.status <> 'cancelled'
JOIN shop_lines AS l ON l.order_id = o.id
GROUP BY c.id, c.city
ORDER BY spent_cents DESC, customer
LIMIT 10
