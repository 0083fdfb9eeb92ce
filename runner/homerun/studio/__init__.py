"""Studio: a local web app over a store, to see and steer its runs in a browser.

The server here speaks JSON and one stream of events, by means of the SDK and `runstore` only: it
opens no file of a store and starts no process itself. The pages are static files in `assets/`,
made by the front end's build. `routes` is the one table of what can be asked for.
"""
