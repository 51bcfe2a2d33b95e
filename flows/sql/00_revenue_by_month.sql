-- How much did the shop earn in each month?
-- seconds: 0.35
SELECT substr(o.placed, 1, 7) AS month, SUM(l.quantity * l.price_cents) AS revenue_cents
FROM shop_orders AS o
JOIN shop_lines AS l ON l.order_id = o.id
WHERE o.status <> 'cancelled'
GROUP BY substr(o.placed, 1, 7)
ORDER BY month
