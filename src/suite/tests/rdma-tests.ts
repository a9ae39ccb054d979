/** Precopy over RDMA, if this host has a link: both sides use the same one. */
import type { TestContext } from '../../migration/context.js';
import { precopy } from '../../migration/flows/precopy.js';
import type { FlowResult } from '../../migration/migration.js';
import { HarnessError } from '../../model/errors.js';
import type { HostFacts } from '../../model/host-facts.js';
import { migrationTest } from '../definition.js';
import type { TestDefinition } from '../definition.js';
import { needsOf } from '../needs.js';

/** as in upstream's test; QEMU does not report which port it got, so the test sets one */
const port = 29_200;

type LinkFact = 'rdma-ipv4' | 'rdma-ipv6';

/** Where both sides meet: the address is in the fact's detail, IPv6 in brackets. */
export function rdmaUri(host: HostFacts, name: LinkFact): string {
  const address = host[name]?.detail;
  if (address !== undefined) return `rdma:${address}:${port}`;
  throw new HarnessError({
    code: 'no-rdma-address',
    blame: 'host',
    message: `the probe for ${name} gave no address to migrate over`,
  });
}

function rdmaTest(path: string, name: LinkFact): TestDefinition {
  return migrationTest({
    path,
    level: 'smoke',
    needs: [...needsOf({ listen: 'rdma:' }), { kind: 'host', name }],
    run: async (context: TestContext): Promise<FlowResult> => {
      const uri = rdmaUri(context.plan.host, name);
      return await precopy(context, { listen: uri, connect: uri });
    },
  });
}

export const rdmaTests: readonly TestDefinition[] = [
  rdmaTest('/migration/precopy/rdma/plain', 'rdma-ipv4'),
  rdmaTest('/migration/precopy/rdma/plain/ipv6', 'rdma-ipv6'),
];
