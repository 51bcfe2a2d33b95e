"""The shop whose data the flows query: its tables, and its rows, the same from the same seed on every machine.

Money is in cents, days are counted from the shop's opening on 2024-01-01, and dates are ISO text: whole numbers and
plain ASCII are what every database sorts, adds and divides alike.
"""

import datetime
import random
from collections.abc import Iterator

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table, Text

OPENED, DAYS = datetime.date(2024, 1, 1), 731  # two years
CUSTOMERS, PRODUCTS, ORDERS, REVIEWS = 1_000, 300, 6_000, 3_000
CITIES = ("aachen", "bergen", "cadiz", "delft", "evora", "fulda", "genoa", "haarlem")
CATEGORIES = ("books", "cameras", "games", "garden", "kitchen", "music", "sports", "tools", "toys", "travel")

tables = MetaData()
customers = Table(
    "shop_customers",
    tables,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("joined", Text, nullable=False),
    Column("joined_day", Integer, nullable=False),
)
products = Table(
    "shop_products",
    tables,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("price_cents", Integer, nullable=False),
)
orders = Table(
    "shop_orders",
    tables,
    Column("id", Integer, primary_key=True),
    Column("customer_id", ForeignKey(customers.c.id), nullable=False, index=True),
    Column("placed", Text, nullable=False),
    Column("placed_day", Integer, nullable=False),
    Column("status", Text, nullable=False),  # paid, shipped or cancelled
    Column("days_to_ship", Integer),  # none while it has not been shipped
)
lines = Table(
    "shop_lines",
    tables,
    Column("order_id", ForeignKey(orders.c.id), primary_key=True),
    Column("product_id", ForeignKey(products.c.id), primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("price_cents", Integer, nullable=False),
    Index("shop_lines_by_product", "product_id"),
)
reviews = Table(
    "shop_reviews",
    tables,
    Column("id", Integer, primary_key=True),
    Column("product_id", ForeignKey(products.c.id), nullable=False, index=True),
    Column("customer_id", ForeignKey(customers.c.id), nullable=False),
    Column("stars", Integer, nullable=False),
    Column("written", Text, nullable=False),
)


def rows(seed: int = 3) -> Iterator[tuple[Table, list[dict]]]:
    """Each table with all its rows, in an order that satisfies the foreign keys.

    Args:
        seed: the same seed gives the same rows, on every version of Python.
    """
    chance = random.Random(seed).random  # the one method whose sequence Python promises to keep
    dates = [(OPENED + datetime.timedelta(days=day)).isoformat() for day in range(DAYS)]

    def below(n: int) -> int:
        return int(chance() * n)

    joined = sorted(below(DAYS - 30) for _ in range(CUSTOMERS))
    yield (
        customers,
        [
            {
                "id": i,
                "name": f"customer {i}",
                "city": CITIES[below(len(CITIES))],
                "joined": dates[day],
                "joined_day": day,
            }
            for i, day in enumerate(joined)
        ],
    )
    prices = [200 + below(80) * below(250) for _ in range(PRODUCTS)]
    yield (
        products,
        [
            {"id": i, "name": f"product {i}", "category": CATEGORIES[i % len(CATEGORIES)], "price_cents": price}
            for i, price in enumerate(prices)
        ],
    )
    placed, sold = [], []
    for i in range(ORDERS):
        customer = int(CUSTOMERS * chance() ** 1.5)  # the first to join have bought the most
        day = joined[customer] + below(DAYS - joined[customer])
        status = "cancelled" if chance() < 0.06 else "paid" if day > DAYS - 6 else "shipped"
        days_to_ship = 1 + int(9 * chance() ** 3) if status == "shipped" else None
        placed.append({"id": i, "customer_id": customer, "placed": dates[day], "placed_day": day,
                       "status": status, "days_to_ship": days_to_ship})  # fmt: skip
        basket = sorted({int(PRODUCTS * chance() ** 2) for _ in range(1 + below(5))})  # the first products sell best
        sold += [{"order_id": i, "product_id": product, "quantity": 1 + int(3 * chance() ** 4),
                  "price_cents": prices[product]} for product in basket]  # fmt: skip
    yield orders, placed
    yield lines, sold
    yield reviews, [
        {"id": i, "product_id": product, "customer_id": below(CUSTOMERS),
         "stars": min(5, 1 + below(3 + product % 5)), "written": dates[below(DAYS)]}
        for i, product in enumerate(int((PRODUCTS - 8) * chance()) for _ in range(REVIEWS))
    ]  # fmt: skip
