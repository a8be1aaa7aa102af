import { counted } from '../../charts/numbers.ts'
import type { PlanRule, RuleScope } from '../../stores/plan-rules.ts'

/** `all attn_v tensors`, `layer 3`, `blk.0.attn_v.weight`, `12 tensors`. */
function scopeText(scope: RuleScope): string {
  switch (scope.kind) {
    case 'all':
      return 'all tensors'
    case 'role':
      return `all ${scope.role} tensors`
    case 'layer':
      return `the tensors of layer ${scope.layer}`
    case 'tensors':
      return scope.names.length === 1 ? (scope.names[0] ?? '') : counted(scope.names.length, 'tensor')
  }
}

/** A rule as a sentence. */
export function ruleText(rule: PlanRule): string {
  switch (rule.kind) {
    case 'keep':
      return `Keep ${scopeText(rule.scope)} as stored.`
    case 'minimum':
      return `Give ${scopeText(rule.scope)} at least ${rule.format}.`
    case 'share':
      return `Give ${scopeText(rule.scope)} one format.`
  }
}
