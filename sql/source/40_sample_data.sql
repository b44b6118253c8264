-- The sample data: five customers and five orders, one of them by a customer who has no row (CUST999). The rows are inserted only once in
-- the life of the database, which the sequence of order ids tells, so that a row that somebody changed or deleted stays as it is.

with first_start as (
    select where not (select is_called from orders_id_seq)
),
new_customers as (
    insert into customers (id, name, email, tier, country)
    select sample.*
    from first_start, (values
        ('CUST001', 'Alice Johnson', 'alice@example.com', 'gold', 'US'),
        ('CUST002', 'Bob Smith', 'bob@example.com', 'silver', 'GB'),
        ('CUST003', 'Carla Rossi', 'carla@example.com', 'bronze', 'IT'),
        ('CUST004', 'Deepak Patel', 'deepak@example.com', 'gold', 'IN'),
        ('CUST005', 'Emma Müller', 'emma@example.com', 'platinum', 'DE')
    ) as sample (id, name, email, tier, country)
    on conflict (id) do nothing
)
insert into orders (customer_id, product_id, quantity, price, status)
select sample.*
from first_start, (values
    ('CUST001', 'PROD100', 2, 29.99, 'pending'),
    ('CUST002', 'PROD200', 1, 149.50, 'paid'),
    ('CUST003', 'PROD100', 5, 29.99, 'shipped'),
    ('CUST001', 'PROD300', 3, 9.95, 'pending'),
    ('CUST999', 'PROD200', 1, 149.50, 'pending')
) as sample (customer_id, product_id, quantity, price, status);
