-- How many customers joined in each month, and how many have never ordered?
-- seconds: 0.40
SELECT substr(c.joined, 1, 7) AS month, COUNT(*) AS joined,
       SUM(CASE WHEN EXISTS (SELECT 1 FROM shop_orders AS o WHERE o.customer_id = c.id) THEN 0 ELSE 1 END) AS never_ordered
FROM shop_customers AS c
GROUP BY substr(c.joined, 1, 7)
ORDER BY month
