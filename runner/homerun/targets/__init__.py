"""Where runs are placed: targets, their queues, plans, and starting supervisors."""
