/** The files that PostgreSQL reads at its start: who may come in, from where, and how. */
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { KeyPair } from '../../credentials/private-authority.js';
import type { Account } from './server-account.js';
import { agentGroup } from './tables.js';

export const ownerRole = 'drover_owner';
export const databaseName = 'drover';

export interface ConfigurationSpec {
  /** address to listen on */
  readonly listen: string;
  /** certificate of the fleet's authority */
  readonly authority: string;
  readonly server: KeyPair;
}

/** Written at each start, since addresses and certificates may be new. */
export function writeConfiguration(
  spec: ConfigurationSpec,
  { own }: Account,
  data: string,
  port: number,
): void {
  const save = (name: string, text: string, mode = 0o600): void => {
    const file = path.join(data, name);
    writeFileSync(file, text, { mode });
    chmodSync(file, mode);
    own(file);
  };
  save('fleet-ca.pem', spec.authority);
  save('fleet-server.pem', spec.server.certificate);
  save('fleet-server-key.pem', spec.server.key);
  save(
    'pg_hba.conf',
    [
      '# the certificate is the identity: its common name is the role',
      `hostssl ${databaseName} ${ownerRole} all cert`,
      `hostssl ${databaseName} +${agentGroup} all cert`,
      '',
    ].join('\n'),
  );
  save('pg_ident.conf', '');
  const settings: Readonly<Record<string, string>> = {
    listen_addresses: quoted(spec.listen),
    port: String(port),
    unix_socket_directories: "''",
    max_connections: '300',
    ssl: 'on',
    ssl_ca_file: "'fleet-ca.pem'",
    ssl_cert_file: "'fleet-server.pem'",
    ssl_key_file: "'fleet-server-key.pem'",
    ssl_min_protocol_version: "'TLSv1.3'",
    password_encryption: "'scram-sha-256'",
    // what a run leaves is in its results folder; a crash of the host ends the fleet
    fsync: 'off',
    // none outside of the folder
    dynamic_shared_memory_type: 'mmap',
    shared_buffers: "'32MB'",
    // an agent whose host is gone must not look connected for two hours
    tcp_keepalives_idle: '5',
    tcp_keepalives_interval: '2',
    tcp_keepalives_count: '3',
    log_min_messages: 'warning',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  save('postgresql.conf', `${lines.join('\n')}\n`);
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
