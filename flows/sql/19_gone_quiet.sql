-- Which good customers have not ordered for half a year?
-- seconds: 0.40
SELECT o.customer_id AS customer, MAX(o.placed) AS last_order, SUM(l.quantity * l.price_cents) AS spent_cents
FROM shop_orders AS o
JOIN shop_lines AS l ON l.order_id = o.id
WHERE o.status <> 'cancelled'
GROUP BY o.customer_id
HAVING MAX(o.placed_day) < 550
ORDER BY spent_cents DESC, customer
LIMIT 20
