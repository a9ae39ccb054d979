/** The QMP messages of both sides, side by side, by time. */
import type { AttemptTimeline } from '../../../model/events.js';
import { counted } from '../../../model/text/format.js';
import type { Evidence, TranscriptMessage } from '../payload.js';
import { h } from './dom.js';

const shortLength = 140;

/** What a message is, in a few words: the command, the answer, or the event. */
function headOf(text: string): string {
  try {
    const message = JSON.parse(text) as Record<string, unknown>;
    const command = message['execute'] ?? message['exec-oob'];
    if (typeof command === 'string') return `command ${command}`;
    if (typeof message['event'] === 'string') {
      const data = message['data'] as Record<string, unknown> | undefined;
      const value = data?.['status'] ?? data?.['pass'];
      const told =
        typeof value === 'string' || typeof value === 'number' ? ` ${String(value)}` : '';
      return `event ${message['event']}${told}`;
    }
    if ('error' in message) return 'error';
    if ('QMP' in message) return 'greeting';
    return 'return';
  } catch {
    return 'message';
  }
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function messageElement({ dir, text }: TranscriptMessage): HTMLElement {
  const head = headOf(text);
  const arrow = h('span', { class: 'arrow', 'aria-hidden': 'true' }, dir === '>' ? '→' : '←');
  const title = h('strong', { class: head === 'error' ? 'error' : undefined }, head);
  const said = h('span', { class: 'hidden' }, dir === '>' ? 'to QEMU: ' : 'from QEMU: ');
  if (text.length <= shortLength) {
    return h('div', {}, arrow, said, title, ' ', h('code', {}, text));
  }
  const whole = h('pre', { tabindex: 0 });
  const details = h(
    'details',
    {
      // rendered when opened: there may be hundreds
      toggle: () => {
        whole.textContent = pretty(text);
      },
    },
    h('summary', {}, arrow, said, title, ' ', h('code', {}, `${text.slice(0, shortLength)}…`)),
    whole,
  );
  return details;
}

export function transcriptSection(
  { transcripts }: Evidence,
  timeline: AttemptTimeline | undefined,
): HTMLElement | undefined {
  if (transcripts.length === 0) return undefined;
  const startOf = new Map(timeline?.machines.map(({ name, startMs }) => [name, startMs]));
  const order = timeline?.machines.map(({ name }) => name) ?? [];
  const columns = [...transcripts].sort(
    (a, b) => order.indexOf(a.machine) - order.indexOf(b.machine),
  );
  const messages = columns
    .flatMap(({ machine, messages: said }, column) =>
      said.map((message) => ({ atMs: (startOf.get(machine) ?? 0) + message.ms, column, message })),
    )
    .sort((a, b) => a.atMs - b.atMs);
  const row = ({ atMs, column, message }: (typeof messages)[number]): HTMLElement =>
    h(
      'tr',
      {},
      h('th', { scope: 'row', class: 'number' }, atMs.toFixed(1)),
      ...columns.map(({ machine }, index) =>
        h(
          'td',
          { 'data-side': machine, class: index === column ? 'told' : 'silent' },
          index === column ? messageElement(message) : undefined,
        ),
      ),
    );
  const leftOut = columns.filter((part) => part.leftOut > 0);
  return h(
    'section',
    { 'aria-labelledby': 'qmp-title' },
    h('h3', { id: 'qmp-title' }, `QMP transcript: ${counted(messages.length, 'message')}`),
    ...leftOut.map((part) =>
      h(
        'p',
        {},
        `${part.machine}: ${counted(part.leftOut, 'message')} in the middle left out; see the file below.`,
      ),
    ),
    h(
      'div',
      { class: 'wide tall', tabindex: 0, role: 'region', 'aria-label': 'QMP transcript' },
      h(
        'table',
        { class: 'qmp' },
        h('caption', { class: 'hidden' }, 'QMP messages of all QEMUs in the order of time'),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'col', class: 'number' }, 'ms'),
            ...columns.map(({ machine }) => h('th', { scope: 'col' }, machine)),
          ),
        ),
        h('tbody', {}, ...messages.map(row)),
      ),
    ),
  );
}
