-- oldest program: 17
-- Whether a comparison ended before it had looked at everything, because so much differed. An older program leaves the column out.
alter table comparisons add column ended_early boolean not null default false;
