import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { folderFor } from '../../model/scratch.fixtures.js';
import { readDatabaseUrl } from './database-url.js';

test('a URL gives the place, the role, the password and how the server is checked', (t) => {
  const file = path.join(folderFor(t), 'root.pem');
  writeFileSync(file, 'PEM');
  assert.deepEqual(
    readDatabaseUrl(
      `postgresql://dr%40ver:s%3Acret@db.example:5433/fleet?sslmode=verify-full&sslrootcert=${file}`,
      'unused',
    ),
    {
      ...{ host: 'db.example', port: 5433, database: 'fleet', role: 'dr@ver', password: 's:cret' },
      tls: { authority: 'PEM' },
    },
  );
  const local = readDatabaseUrl('postgres://drover@[::1]/fleet', 'from PGPASSWORD');
  assert.deepEqual(local, {
    ...{ host: '::1', port: 5432, database: 'fleet', role: 'drover', password: 'from PGPASSWORD' },
    tls: undefined,
  });
});

test('a database of another host is used with TLS that is checked, or not at all', () => {
  const wrong: Readonly<Record<string, RegExp>> = {
    nonsense: /not a URL/,
    'mysql://a@b/c': /scheme is mysql:/,
    'postgresql://db.example/fleet': /lacks a role/,
    'postgresql://drover@db.example/': /lacks a role, a host or a database/,
    'postgresql://drover:secret@db.example/fleet': /sslmode=disable does not show who answers/,
    'postgresql://drover:secret@db.example/fleet?sslmode=require': /sslmode=require/,
    'postgresql://drover@db.example/fleet?sslmode=verify-full&host=evil': /parameter 'host'/,
    'postgresql://drover@db.example/f?sslmode=verify-full&sslrootcert=/no/such': /no such file/,
  };
  for (const [url, reason] of Object.entries(wrong)) {
    assert.throws(
      () => readDatabaseUrl(url, undefined),
      ({ message }: Error) => reason.test(message) && !message.includes('secret'),
      url,
    );
  }
});
