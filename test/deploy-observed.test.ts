import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { exposedMetrics } from './deploy/exposed-metrics.ts';
import { readPromql } from './deploy/promql.ts';

const FOLDER = join(import.meta.dirname, '..', 'deploy');
/** What Prometheus says itself of each process it asks. */
const OWN = new Set(['up']);

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const dashboard = JSON.parse(text('grafana/tidings.json')) as {
  readonly uid: string;
  readonly panels: readonly Panel[];
};
const { groups } = parse(text('prometheus/alerts.yml')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap(({ rules: some }) => some);
const exposed = await exposedMetrics();

function text(path: string): string {
  return readFileSync(join(FOLDER, path), 'utf8');
}

/** Grafana fills its variables in before Prometheus sees them. */
function checked(expression: string): readonly string[] {
  const { metrics, faults } = readPromql(expression.replaceAll('$__rate_interval', '1m').replaceAll('$job', '.*'));
  assert.deepEqual(faults, [], expression);
  assert.ok(metrics.length > 0, expression);
  for (const name of metrics) assert.ok(exposed.has(name) || OWN.has(name), `nothing exposes ${name}: ${expression}`);
  return metrics;
}

describe('the dashboard', () => {
  test('asks only for what /metrics has, in expressions that Prometheus reads', () => {
    const shown = dashboard.panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => checked(expr)));
    assert.ok(shown.length > 30);
    const families = (names: Iterable<string>) =>
      new Set([...names].map((name) => name.replace(/(?<=_seconds)_(?:bucket|sum|count)$/, '')));
    assert.deepEqual(
      [...families(exposed)].filter((name) => !families(shown).has(name)),
      [],
      'and it leaves nothing out',
    );
  });

  test('has panels that do not lie upon one another', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      assert.ok(x + w <= 24);
      return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`);
    });
    assert.equal(new Set(cells).size, cells.length);
    for (const { title, targets = [] } of dashboard.panels) {
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    }
  });
});

describe('the alerts', () => {
  for (const { alert, expr, for: wait = '0s', labels, annotations } of rules) {
    test(`${alert} can be read, and names only what /metrics has`, () => {
      checked(expr);
      assert.match(alert, /^Tidings[A-Z]\w+$/);
      assert.match(wait, /^\d+[sm]$/);
      assert.ok(['page', 'ticket'].includes(labels.severity));
      assert.ok(
        (annotations.summary !== '' && annotations.description.endsWith('.')) || annotations.description.endsWith('?'),
      );
      // A label that the expression has summed away would stay empty.
      for (const [, label = ''] of annotations.summary.matchAll(/\$labels\.(\w+)/g)) {
        assert.ok(/by \(/.test(expr) ? new RegExp(`by \\([^)]*\\b${label}\\b`).test(expr) : true, label);
      }
    });
  }

  test('have names of their own', () => {
    assert.ok(rules.length >= 10);
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  });

  test('are the ones that prometheus.yml loads', () => {
    const file = parse(text('prometheus/prometheus.yml')) as { readonly rule_files: readonly string[] };
    assert.deepEqual(file.rule_files, ['alerts.yml']);
  });
});

test('what is no PromQL is seen to be none', () => {
  assert.deepEqual(readPromql('sum by (job) (rate(a_total{b="c"}[5m])) / b > 1').metrics, ['a_total', 'b']);
  for (const wrong of ['sum(rate(a[5m])', 'a{b=}', 'rate(a[5])) + '])
    assert.ok(readPromql(wrong).faults.length > 0, wrong);
});
