-- How long do customers wait before they order again?
-- seconds: 0.70
WITH gaps AS (
    SELECT placed_day - LAG(placed_day) OVER (PARTITION BY customer_id ORDER BY placed_day, id) AS days
    FROM shop_orders
    WHERE status <> 'cancelled'
)
SELECT CASE WHEN days < 7 THEN 'a: within a week' WHEN days < 30 THEN 'b: within a month'
            WHEN days < 90 THEN 'c: within a quarter' ELSE 'd: later' END AS ordered_again,
       COUNT(*) AS orders
FROM gaps
WHERE days IS NOT NULL
GROUP BY CASE WHEN days < 7 THEN 'a: within a week' WHEN days < 30 THEN 'b: within a month'
              WHEN days < 90 THEN 'c: within a quarter' ELSE 'd: later' END
ORDER BY ordered_again
