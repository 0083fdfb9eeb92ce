class Mean:
    mean = 0.0

    def fit(self, values):
        self.mean = sum(values) / len(values)
        return self.mean
