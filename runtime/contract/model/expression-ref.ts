import { parseExpression } from "../../core/expression.ts";
import type { SourceRef } from "../reading/source-ref.ts";
import type { ExpressionRef } from "./domain-model.ts";

export const expressionRef = (text: string, at: SourceRef): ExpressionRef => ({
  text,
  at,
  parsed: parseExpression(text),
});
