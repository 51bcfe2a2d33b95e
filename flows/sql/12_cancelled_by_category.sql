-- What is ordered and then cancelled, by category?
-- seconds: 0.50
SELECT p.category, SUM(l.quantity) AS pieces, SUM(l.quantity * l.price_cents) AS lost_cents
FROM shop_orders AS o
JOIN shop_lines AS l ON l.order_id = o.id
JOIN shop_products AS p ON p.id = l.product_id
WHERE o.status = 'cancelled'
GROUP BY p.category
ORDER BY lost_cents DESC, p.category
