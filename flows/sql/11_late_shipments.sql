-- In which cities do orders take more than five days to be shipped, in whole percent?
-- seconds: 0.30
SELECT c.city, COUNT(*) AS shipped, 100 * SUM(CASE WHEN o.days_to_ship > 5 THEN 1 ELSE 0 END) / COUNT(*) AS percent_late
FROM shop_orders AS o
JOIN shop_customers AS c ON c.id = o.customer_id
WHERE o.status = 'shipped'
GROUP BY c.city
ORDER BY percent_late DESC, c.city
