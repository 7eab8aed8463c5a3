/** The filters as they stand in the page's address: the API's own names, so that an address reads like a request. */
export const FILTERS = [
  ...([
    'q',
    'status',
    'channel',
    'recipient',
    'user_id',
    'tag',
    'request_id',
    'created_after',
    'created_before',
  ] as const),
];

export type FilterName = (typeof FILTERS)[number];
export type Filters = Readonly<Partial<Record<FilterName, string>>>;

export function filtersIn(params: URLSearchParams): Filters {
  const given = FILTERS.flatMap((name) => {
    const value = params.get(name)?.trim() ?? '';
    return value === '' ? [] : [[name, value] as const];
  });
  return Object.fromEntries(given);
}

/** What the API is asked: days become times, in the viewer's zone, the last one to its end. */
export function queryOf({ created_after, created_before, ...rest }: Filters): Readonly<Record<string, string>> {
  return {
    ...rest,
    ...(created_after === undefined ? {} : { created_after: startOfDay(created_after, 0) }),
    ...(created_before === undefined ? {} : { created_before: startOfDay(created_before, 1) }),
  };
}

/** Something that is no day goes on as it is, and the API says what is wrong with it. */
function startOfDay(day: string, daysOn: number): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) return day;
  const time = new Date(`${day}T00:00:00`);
  if (Number.isNaN(time.getTime())) return day;
  time.setDate(time.getDate() + daysOn);
  return time.toISOString();
}
