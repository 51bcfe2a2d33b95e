class Server:
    def __init__(self, slots):
        self.free, self.now, self.running = slots, 0, []

    def acquire(self):
        while not self.free:
            self.now = min(self.running)
            self.running.remove(self.now)
            self.free += 1
        self.free -= 1
        return self.now


def schedule(durations, limit):
    server, starts = Server(limit), []
    while durations:
        starts.append(server.acquire())
        server.running.append(server.now + durations.pop(0))
    return tuple(starts)
