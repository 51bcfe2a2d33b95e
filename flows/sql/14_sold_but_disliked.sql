-- Which products sell well although their reviews are poor?
-- seconds: 0.95
WITH liked AS (
    SELECT product_id, 100 * SUM(stars) / COUNT(*) AS stars_per_hundred
    FROM shop_reviews
    GROUP BY product_id
), sold AS (
    SELECT product_id, SUM(quantity) AS pieces
    FROM shop_lines
    GROUP BY product_id
)
SELECT s.product_id AS product, s.pieces, k.stars_per_hundred
FROM sold AS s
JOIN liked AS k ON k.product_id = s.product_id
WHERE k.stars_per_hundred < 220
ORDER BY s.pieces DESC, product
LIMIT 10
