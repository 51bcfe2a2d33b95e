-- How did the revenue of 2025 add up, month by month?
-- seconds: 0.25
WITH months AS (
    SELECT substr(o.placed, 1, 7) AS month, SUM(l.quantity * l.price_cents) AS revenue_cents
    FROM shop_orders AS o
    JOIN shop_lines AS l ON l.order_id = o.id
    WHERE o.status <> 'cancelled' AND o.placed >= '2025-01-01'
    GROUP BY substr(o.placed, 1, 7)
)
SELECT month, revenue_cents, SUM(revenue_cents) OVER (ORDER BY month) AS so_far_cents
FROM months
ORDER BY month
