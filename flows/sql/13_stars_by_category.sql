-- How well is each category reviewed, in stars per hundred reviews?
-- seconds: 0.25
SELECT p.category, COUNT(*) AS reviews, 100 * SUM(r.stars) / COUNT(*) AS stars_per_hundred
FROM shop_reviews AS r
JOIN shop_products AS p ON p.id = r.product_id
GROUP BY p.category
ORDER BY stars_per_hundred DESC, p.category
