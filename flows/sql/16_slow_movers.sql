-- Which products have hardly sold in the last ninety days?
-- seconds: 0.60
SELECT p.id AS product, p.category, COALESCE(SUM(recent.quantity), 0) AS pieces
FROM shop_products AS p
LEFT JOIN (
    SELECT l.product_id, l.quantity
    FROM shop_lines AS l
    JOIN shop_orders AS o ON o.id = l.order_id
    WHERE o.placed_day > 640
) AS recent ON recent.product_id = p.id
GROUP BY p.id, p.category
ORDER BY pieces, product
LIMIT 12
