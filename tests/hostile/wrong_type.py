# message: is a list: it should be a function
three_at_a_time = [1, 2, 3]
