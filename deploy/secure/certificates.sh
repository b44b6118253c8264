#!/usr/bin/env bash
# Makes what a secured stack in containers needs, in the folder /secure: an authority and a certificate of all servers, unless they are
# there, and the files by which the servers and their clients log in. The service `certificates` of docker-compose.secure.yml runs this
# script, and gives it the passwords.
set -euo pipefail
cd /secure

# The users as which the images run their servers.
postgres=999 redis=999 kafka=1000

if [ ! -e ca.pem ]; then
    names=DNS:localhost,IP:127.0.0.1,DNS:postgres,DNS:redis,DNS:kafka,DNS:connect
    openssl req -x509 -newkey rsa:2048 -nodes -days 825 -subj "/CN=orderstream's demo" -keyout ca.key -out ca.new 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -subj /CN=broker -keyout server.key -out server.csr 2>/dev/null
    # The broker also logs in to its own controller with the certificate.
    openssl x509 -req -in server.csr -CA ca.new -CAkey ca.key -CAcreateserial -days 825 -out server.crt \
        -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$names") 2>/dev/null
    # Nobody can sign another certificate, and without the authority at its place everything is made anew.
    rm -f ca.key server.csr
    mv ca.new ca.pem
fi

# own USER FILE: reads the file's text from stdin, for that user alone.
own() {
    install -m 600 /dev/null "$2"
    cat >"$2"
    chown "$1" "$2"
}
own $postgres postgres.key <server.key
own $redis redis.key <server.key
cat server.key server.crt | own $kafka kafka.store.pem
printf '%s\n' 'local all all trust' 'hostssl all all all scram-sha-256' >pg_hba.conf
{ cat /users.acl; printf 'user admin on >%s ~* &* +@all\n' "$ADMIN_PASSWORD"; } | own $redis users.acl

client() {
    printf '%s\n' security.protocol=SASL_SSL sasl.mechanism=PLAIN \
        "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"$1\" password=\"$2\";" \
        ssl.truststore.type=PEM ssl.truststore.location=/secure/ca.pem
}
client admin "$ADMIN_PASSWORD" >admin.properties
login=$(client connect "$CONNECT_PASSWORD")
for prefix in '' producer. consumer. admin.; do
    sed "s/^/$prefix/" <<<"$login"
done >worker.properties

cat >env.sh <<END
# In bash: \`. .stack/compose-secure/env.sh\`. Then psql, redis-cli and kcat find into the secured stack.
secure=\$(cd "\$(dirname "\${BASH_SOURCE[0]}")" && pwd)
export PGSSLMODE=verify-full PGSSLROOTCERT="\$secure/ca.pem"
redis-cli() { REDISCLI_AUTH='$ADMIN_PASSWORD' command redis-cli --tls --cacert "\$secure/ca.pem" --user admin "\$@"; }
kcat() {
    command kcat -X security.protocol=SASL_SSL -X sasl.mechanism=PLAIN -X sasl.username=admin -X sasl.password='$ADMIN_PASSWORD' \\
        -X ssl.ca.location="\$secure/ca.pem" "\$@"
}
END
