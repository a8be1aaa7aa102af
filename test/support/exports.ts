import { readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { ROOT } from './imports.ts'

function parse(file: string): ts.SourceFile {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const script = file.endsWith('.vue')
    ? [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1]).join('\n')
    : text
  return ts.createSourceFile(file, script, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS)
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)
  )
}

function declaredNames(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((declaration) => declaration.name.getText())
  }
  const named = statement as ts.Statement & { name?: ts.Identifier }
  return named.name ? [named.name.text] : []
}

function isType(statement: ts.Statement): boolean {
  return ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)
}

/** Values that a file exports with a declaration; types are left out, they may document a signature. */
export function exportedValues(file: string): string[] {
  return parse(file)
    .statements.filter((statement) => isExported(statement) && !isType(statement))
    .flatMap(declaredNames)
}

/** `file#name` for everything a file takes from other files of the project; `file#*` for all of it. */
export function usedNames(file: string): string[] {
  const used: string[] = []
  const add = (specifier: ts.Expression, names: readonly string[]): void => {
    const text = (specifier as ts.StringLiteral).text
    if (!text.startsWith('.')) return
    const target = relative(ROOT, resolve(ROOT, file, '..', text)).replaceAll('\\', '/')
    used.push(...names.map((name) => `${target}#${name}`))
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, importedNames(node.importClause))
    if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node.moduleSpecifier, reexportedNames(node))
    if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword &&
      node.arguments[0]
    ) {
      if (ts.isStringLiteral(node.arguments[0])) add(node.arguments[0], ['*'])
    }
    ts.forEachChild(node, visit)
  }
  visit(parse(file))
  return used
}

function importedNames(clause: ts.ImportClause | undefined): string[] {
  const bindings = clause?.namedBindings
  if (!bindings) return []
  if (ts.isNamespaceImport(bindings)) return ['*']
  return bindings.elements.map((element) => (element.propertyName ?? element.name).text)
}

function reexportedNames(node: ts.ExportDeclaration): string[] {
  if (!node.exportClause || !ts.isNamedExports(node.exportClause)) return ['*']
  return node.exportClause.elements.map((element) => (element.propertyName ?? element.name).text)
}
