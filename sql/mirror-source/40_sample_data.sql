-- The sample data: three departments, four employees, five orders. The rows are inserted only once in the life of the database, which the
-- sequence of order ids tells, so that a row that somebody changed or deleted stays as it is. Somebody may have dropped a column since, so later
-- starts do not even read the statements.

do $$
begin
    if (select is_called from orders_id_seq) then
        return;
    end if;

    insert into departments (id, name, budget) values
        (1, 'Sales', 250000.00),
        (2, 'Support', 90000.50),
        (3, 'Repairs', null);

    insert into employees (department_id, name, email, hired_on, skills) values
        (1, 'Ada Byron', 'ada@example.com', '2019-03-01', '{numbers, French}'),
        (1, 'Bo Lindström', 'bo@example.com', '2021-09-15', '{}'),
        (2, 'Chen Wei', 'chen@example.com', '2020-02-29', '{phone, chat}'),
        (3, 'Dana "Dee" Roy', null, '2024-11-30', '{soldering}');

    insert into orders (employee_id, product, quantity, price, status, placed_at, details) values
        (1, 'Desk', 2, 149.50, 'paid', '2026-01-05 09:30:00+00', '{"colour": "oak", "gift": false}'),
        (1, 'Lamp', 1, 29.99, 'shipped', '2026-01-05 10:15:00+00', null),
        (2, 'Chair', 4, 89.00, 'pending', '2026-01-06 16:45:30+00', '{"colour": "black"}'),
        (null, 'Shelf', 1, 54.90, 'cancelled', '2026-01-07 08:00:00+00', null),
        (3, 'Lamp', 10, 27.50, 'pending', '2026-01-07 11:20:00+00', '{"gift": true}');
end
$$;
