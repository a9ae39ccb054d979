/** Reads the data in the HTML file. Leaves out how it is shown. */
import type { PageDetail, PagePayload, PageRow } from '../payload.js';
import { byId } from './dom.js';

export interface ReportData extends PagePayload {
  /** parsed on demand: most are never opened */
  detail(row: PageRow): PageDetail;
  /** all attempts of the row's test in its run, by number */
  attempts(row: PageRow): PageRow[];
}

export function readData(): ReportData {
  const payload = JSON.parse(byId('payload').textContent) as PagePayload;
  const details = byId('details').textContent;
  return {
    ...payload,
    detail: ({ at, length }) => JSON.parse(details.slice(at, at + length)) as PageDetail,
    attempts: ({ test, run }) =>
      payload.rows
        .filter((each) => each.test === test && each.run === run)
        .sort((a, b) => a.attempt - b.attempt),
  };
}
