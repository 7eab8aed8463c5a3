import { FAULTS, PROBLEMS } from '../../domain/problem.ts';
import { named, ref, word } from './forms.ts';
import { Type } from './schema.ts';

const problemCodes = Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[];
const faultCodes = Object.keys(FAULTS) as (keyof typeof FAULTS)[];

export const FaultOut = named(
  'Fault',
  {
    pointer: Type.String({ description: 'JSON pointer into the body; `/query/…` for a query parameter.' }),
    code: word(faultCodes),
    detail: Type.String(),
  },
  'One thing that is wrong with a request.',
);

/** Open: a problem may have further members of its own. */
export const ProblemOutSchema = Type.Object(
  {
    type: Type.String({ description: 'Where the code is explained.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: word(problemCodes),
    request_id: Type.Optional(Type.String()),
    error: Type.Optional(Type.String({ description: 'All of it in a sentence, at the doors for existing clients.' })),
    errors: Type.Optional(Type.Array(ref(FaultOut), { description: 'All faults at once (at most 100).' })),
  },
  { $id: 'Problem', description: 'RFC 9457. `code` is stable.' },
);

export const BatchOut = named(
  'BatchResult',
  {
    accepted: Type.Integer(),
    rejected: Type.Integer(),
    results: Type.Array(
      Type.Object({
        index: Type.Integer(),
        id: Type.Optional(Type.String()),
        error: Type.Optional(ref(ProblemOutSchema)),
      }),
    ),
  },
  'What became of each item: an id, or the problem with it.',
);
