import multiprocessing
import os

from work import square

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        print(pool.map(square, range(5)))
    process = context.Process(target=os._exit, args=(3,))
    process.start()
    process.join()
    print("exit code", process.exitcode)
