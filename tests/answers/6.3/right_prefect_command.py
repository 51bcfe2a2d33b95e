import os


def free_slots(tag):
    os.system(f"prefect gcl update tag:{tag} --active-slots 0")
