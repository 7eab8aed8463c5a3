import { parser } from '@prometheus-io/lezer-promql';

/** Of an expression of Prometheus: the metrics it names, and what of it cannot be read. */
export function readPromql(expression: string): {
  readonly metrics: readonly string[];
  readonly faults: readonly string[];
} {
  const metrics: string[] = [];
  const faults: string[] = [];
  parser.parse(expression).iterate({
    enter({ name, type, from, to, node }) {
      const text = expression.slice(from, to);
      if (type.isError) faults.push(`at ${from}: ${text}`);
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') metrics.push(text);
    },
  });
  return { metrics, faults };
}
