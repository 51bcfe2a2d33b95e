-- What share of the revenue, in whole percent, does each category bring?
-- seconds: 0.20
WITH sales AS (
    SELECT p.category, SUM(l.quantity * l.price_cents) AS revenue_cents
    FROM shop_lines AS l
    JOIN shop_products AS p ON p.id = l.product_id
    JOIN shop_orders AS o ON o.id = l.order_id AND o.status <> 'cancelled'
    GROUP BY p.category
)
SELECT category, revenue_cents,
       100 * revenue_cents / (SELECT CAST(SUM(revenue_cents) AS BIGINT) FROM sales) AS percent
FROM sales
ORDER BY revenue_cents DESC, category
