-- How many different products does an order hold?
-- seconds: 0.20
WITH baskets AS (
    SELECT order_id, COUNT(*) AS products
    FROM shop_lines
    GROUP BY order_id
)
SELECT products, COUNT(*) AS orders
FROM baskets
GROUP BY products
ORDER BY products
