/**
 * Who may ask the board. On a loopback address: anybody who reaches it, but only under a loopback name,
 * so that a foreign web page cannot ask through a name of its own. Elsewhere: who has the token.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

export interface Access {
  /** absent on a loopback address */
  readonly token: string | undefined;
}

export interface Asked {
  /** the header Host */
  readonly host: string | undefined;
  /** `?token=` */
  readonly query: string | undefined;
  readonly cookie: string | undefined;
  /** the header Authorization */
  readonly authorization: string | undefined;
}

export type Answer = 'allowed' | 'foreign-name' | 'no-token';

export function mayAsk({ token }: Access, asked: Asked): Answer {
  if (token === undefined) return isLoopbackName(asked.host) ? 'allowed' : 'foreign-name';
  const bearer = /^Bearer (.+)$/.exec(asked.authorization ?? '')?.[1];
  const given = [asked.query, asked.cookie, bearer];
  return given.some((each) => each !== undefined && same(each, token)) ? 'allowed' : 'no-token';
}

function isLoopbackName(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d+$/, '');
  return name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);
}

export const isLoopback = (address: string): boolean =>
  address === '::1' || address === 'localhost' || /^127(\.\d{1,3}){3}$/.test(address);

/** In a time that does not depend on how much is right. */
function same(a: string, b: string): boolean {
  const [first, second] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return first !== undefined && second !== undefined && timingSafeEqual(first, second);
}
