/** The completion script of fish. Pure. */
import type { CompletedOption, CompletedProgram, Expected } from './completion-tree.js';

export function fishCompletion({ name, options, commands, tests }: CompletedProgram): string {
  const lines = [
    `# Completion of ${name} for fish, made by '${name} completion fish'.`,
    `set -g __${name}_tests ${tests.map(quoted).join(' ')}`,
    `complete -c ${name} -f`,
    ...options.map((option) => `complete -c ${name} -n __fish_use_subcommand${optionText(option)}`),
  ];
  for (const command of commands) {
    lines.push(
      `complete -c ${name} -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.description)}`,
    );
    const condition = quoted(`__fish_seen_subcommand_from ${command.name}`);
    const own = `complete -c ${name} -n ${condition}`;
    lines.push(...command.options.map((option) => `${own}${optionText(option)}`));
    const argument = argumentText(command.argument);
    if (argument !== '') lines.push(`${own}${argument}`);
  }
  return `${lines.join('\n')}\n`;
}

const quoted = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function optionText({ names, description, expected }: CompletedOption): string {
  const words = names.map((name) =>
    name.startsWith('--') ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`,
  );
  return `${words.join('')} -d ${quoted(description)}${valueText(expected)}`;
}

/** fish gives an option's values to the option, so -x and -a stand beside its name. */
function valueText(expected: Expected): string {
  switch (expected.kind) {
    case 'nothing':
      return '';
    case 'value':
      return ' -x';
    case 'file':
      return ' -r -F';
    case 'test':
      return ` -x -a '$__drover_tests'`;
    case 'choice':
      return ` -x -a ${quoted(expected.choices.join(' '))}`;
  }
}

function argumentText(expected: Expected): string {
  if (expected.kind === 'file') return ' -F';
  return expected.kind === 'choice' ? ` -a ${quoted(expected.choices.join(' '))}` : '';
}
