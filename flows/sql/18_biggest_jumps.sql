-- In which five months did the revenue change the most against the month before?
-- seconds: 0.65
WITH months AS (
    SELECT substr(o.placed, 1, 7) AS month, SUM(l.quantity * l.price_cents) AS revenue_cents
    FROM shop_orders AS o
    JOIN shop_lines AS l ON l.order_id = o.id
    WHERE o.status <> 'cancelled'
    GROUP BY substr(o.placed, 1, 7)
), changes AS (
    SELECT month, revenue_cents - LAG(revenue_cents) OVER (ORDER BY month) AS change_cents
    FROM months
)
SELECT month, change_cents
FROM changes
WHERE change_cents IS NOT NULL
ORDER BY ABS(change_cents) DESC, month
LIMIT 5
