def schedule(lr, epochs):
    return [lr / 2**epoch for epoch in range(epochs)]
