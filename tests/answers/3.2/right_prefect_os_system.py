import os


def ensure_limit(tag, slots):
    os.system(f"prefect gcl create tag:{tag} --limit {slots} || prefect gcl update tag:{tag} --limit {slots}")
