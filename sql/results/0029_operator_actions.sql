-- oldest program: 17
-- What operators have done by the page, and what they were shown before. A row begins as a plan; executing it is one update, so that a plan is
-- executed once whichever processes are asked. What was executed can neither be changed nor removed for 400 days, also not by the owner's hand
-- without dropping the trigger.

create table operator_actions (
    id          text        primary key,
    at          timestamptz not null default now(),
    who         text        not null,
    role        text        not null,
    address     text        not null,
    action      text        not null
        check (action in ('replay', 'pause', 'resume', 'hold_breaker', 'release_breaker', 'rebuild', 'restart_connector')),
    parameters  jsonb       not null,
    reason      text        not null,
    plan        jsonb       not null, -- what the operator was shown: effect, details, warnings, counts, epoch, confirm
    expires_at  timestamptz not null, -- the plan is executed before this time or not at all
    state       text        not null default 'planned' check (state in ('planned', 'running', 'stopping', 'done', 'stopped', 'failed')),
    executed_at timestamptz,
    instance    text,                 -- the process that executes it
    heard_at    timestamptz,          -- when that process last said that it is at it
    stopped_by  text,                 -- who has asked it to stop
    progress    jsonb,
    outcome     text,
    finished_at timestamptz,
    constraint executed_once_it_runs check ((state = 'planned') = (executed_at is null)),
    constraint finished_at_the_end check ((state in ('done', 'stopped', 'failed')) = (finished_at is not null))
);

create index operator_actions_by_time on operator_actions (executed_at desc) where executed_at is not null;
create index operator_actions_under_way on operator_actions (heard_at) where state in ('running', 'stopping');
create index operator_actions_planned on operator_actions (at) where executed_at is null;

comment on table operator_actions is 'Every action of an operator by the page: who, when, why, what was shown before, and what came of it';

create function guard_operator_actions() returns trigger language plpgsql as $$
begin
    if tg_op = 'TRUNCATE' then
        if exists (select from operator_actions where executed_at > now() - interval '400 days') then
            raise exception 'actions that were executed are kept for 400 days' using errcode = 'insufficient_privilege';
        end if;
        return null;
    elsif tg_op = 'INSERT' then
        if new.state <> 'planned' then
            raise exception 'an action begins as a plan' using errcode = 'insufficient_privilege';
        end if;
        return new;
    elsif tg_op = 'DELETE' then
        if old.executed_at > now() - interval '400 days' then
            raise exception 'action % was executed and is kept for 400 days', old.id using errcode = 'insufficient_privilege';
        end if;
        return old;
    end if;
    if old.finished_at is not null then
        raise exception 'action % has ended and is not changed any more', old.id using errcode = 'insufficient_privilege';
    end if;
    if (new.id, new.at, new.who, new.role, new.address, new.action, new.parameters, new.reason, new.plan, new.expires_at)
        is distinct from (old.id, old.at, old.who, old.role, old.address, old.action, old.parameters, old.reason, old.plan, old.expires_at)
        or old.executed_at is not null and (new.executed_at, new.instance) is distinct from (old.executed_at, old.instance)
        or old.stopped_by is not null and new.stopped_by is distinct from old.stopped_by then
        raise exception 'who has done what, when and why is not changed: action %', old.id using errcode = 'insufficient_privilege';
    end if;
    if old.state = 'planned' and new.state <> 'running' or old.state = 'stopping' and new.state = 'running'
        or old.state <> 'planned' and new.state = 'planned' then
        raise exception 'action % is % and cannot become %', old.id, old.state, new.state using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;

create trigger operator_actions_are_kept before insert or update or delete on operator_actions
    for each row execute function guard_operator_actions();
create trigger operator_actions_are_not_emptied before truncate on operator_actions
    for each statement execute function guard_operator_actions();
