-- Which products are most often bought together?
-- seconds: 0.30
SELECT a.product_id AS product, b.product_id AS with_product, COUNT(*) AS orders
FROM shop_lines AS a
JOIN shop_lines AS b ON b.order_id = a.order_id AND b.product_id > a.product_id
WHERE a.product_id < 20
GROUP BY a.product_id, b.product_id
ORDER BY orders DESC, product, with_product
LIMIT 15
