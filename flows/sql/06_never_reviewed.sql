-- Which products has nobody reviewed, and how often were they sold?
-- seconds: 1.20
SELECT p.id AS product, p.category, COALESCE(SUM(l.quantity), 0) AS sold
FROM shop_products AS p
LEFT JOIN shop_lines AS l ON l.product_id = p.id
WHERE NOT EXISTS (SELECT 1 FROM shop_reviews AS r WHERE r.product_id = p.id)
GROUP BY p.id, p.category
ORDER BY sold DESC, product
