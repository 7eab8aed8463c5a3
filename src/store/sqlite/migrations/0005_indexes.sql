-- The same indexes under conditions that cost nothing to look at. For an IN of three values and more SQLite fills a table
-- of its own in every statement that writes a row: two thirds of what a delivery's insert or update took. A process of
-- the version before that still runs on this file finds the same rows, but by looking at all of them.

DROP INDEX deliveries_ready;
DROP INDEX deliveries_unsent;
CREATE INDEX deliveries_ready ON deliveries (priority, due_at, status)
  WHERE (status = 'scheduled' OR status = 'pending' OR status = 'retrying');
CREATE INDEX deliveries_unsent ON deliveries (status, notification_id)
  WHERE (status = 'failed' OR status = 'expired' OR status = 'suppressed' OR status = 'cancelled');
