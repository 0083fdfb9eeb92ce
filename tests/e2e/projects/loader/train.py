"""Workers as torch's DataLoader has them: forked, fed by a queue, results in order."""

import multiprocessing

from dataset import Dataset


def work(dataset, tasks, results):
    while True:
        index = tasks.get()
        if index is None:
            return
        results.put((index, dataset[index]))


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    dataset, tasks, results = Dataset("shards"), context.Queue(), context.Queue()
    workers = [
        context.Process(target=work, args=(dataset, tasks, results), daemon=True) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for index in range(len(dataset)):
        tasks.put(index)
    found = dict(results.get() for _ in range(len(dataset)))
    for _ in workers:
        tasks.put(None)
    for worker in workers:
        worker.join()
    print([found[index] for index in sorted(found)])
    print([worker.exitcode for worker in workers])
