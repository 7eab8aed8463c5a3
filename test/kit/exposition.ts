import parse from 'parse-prometheus-text-format';

/**
 * The samples of a text in Prometheus's format, as a library reads it: `name label=value …` → the value. The library
 * adds the series of a histogram up, whatever their labels, so it is not told which are histograms: then it reads
 * each of their samples by itself.
 */
export function samplesOf(text: string): ReadonlyMap<string, number> {
  const families = parse(text.replaceAll(/^# (?:TYPE \S+ histogram|HELP .*)$/gm, '# A comment.'));
  return new Map(
    families.flatMap(({ name, metrics }) =>
      metrics.map(({ labels = {}, value }) => {
        const words = Object.entries(labels).map(([label, given]) => `${label}=${given}`);
        return [[name, ...words].join(' '), Number(value)] as const;
      }),
    ),
  );
}
