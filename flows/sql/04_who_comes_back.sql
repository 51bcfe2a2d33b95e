-- Of the customers of each city who bought once, how many, in whole percent, bought again?
-- seconds: 0.80
WITH bought AS (
    SELECT customer_id, COUNT(*) AS orders
    FROM shop_orders
    WHERE status <> 'cancelled'
    GROUP BY customer_id
)
SELECT c.city, COUNT(*) AS buyers, 100 * SUM(CASE WHEN b.orders > 1 THEN 1 ELSE 0 END) / COUNT(*) AS percent_again
FROM bought AS b
JOIN shop_customers AS c ON c.id = b.customer_id
GROUP BY c.city
ORDER BY percent_again DESC, c.city
