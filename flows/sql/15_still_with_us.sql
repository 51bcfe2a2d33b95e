-- Of those who joined in each quarter of 2024, how many ordered in the last ninety days?
-- seconds: 0.35
SELECT (c.joined_day * 4) / 366 + 1 AS quarter, COUNT(*) AS joined,
       SUM(CASE WHEN EXISTS (
           SELECT 1 FROM shop_orders AS o WHERE o.customer_id = c.id AND o.placed_day > 640
       ) THEN 1 ELSE 0 END) AS still_ordering
FROM shop_customers AS c
WHERE c.joined < '2025-01-01'
GROUP BY (c.joined_day * 4) / 366 + 1
ORDER BY quarter
