// The words of what needs an operator: tasks, schedules, the audit, endpoints.
import type { Announcement } from "../../kernel/announcement.ts";
import type { Rendered, Words } from "./words.ts";

type OperationsAnnouncement = Extract<
  Announcement,
  { readonly kind: "task.dead" | "cron.missed" | "audit.failed" | "endpoint.disabled" }
>;

export function renderOperations(announcement: OperationsAnnouncement, words: Words): Rendered {
  const { ownerOf, say, time } = words;
  switch (announcement.kind) {
    case "task.dead":
      return {
        severity: "critical",
        title: say("A task needs a person", "任务需要人工处理"),
        text: say(
          `Task ${announcement.taskId} (${announcement.taskName}) gave up. Mend the cause, then replay it.`,
          `任务 ${announcement.taskId}（${announcement.taskName}）已放弃重试。请排除原因后重放。`,
        ),
        fields: [
          { name: say("Error", "错误"), value: announcement.error },
          { name: say("Attempts", "尝试次数"), value: String(announcement.attempts) },
        ],
      };
    case "cron.missed":
      return {
        severity: "warning",
        title: say("A scheduled run was late or missed", "定时任务延迟或漏跑"),
        text: say(
          `${announcement.name} was due at ${time(announcement.dueAt)} and ran at ${time(announcement.claimedAt)}.`,
          `${announcement.name} 应于 ${time(announcement.dueAt)} 运行，实际于 ${time(announcement.claimedAt)} 运行。`,
        ),
        fields:
          announcement.missed > 0 ? [{ name: say("Runs missed", "漏跑次数"), value: String(announcement.missed) }] : [],
      };
    case "audit.failed":
      return {
        severity: "critical",
        title: say("The ledger's audit found violations", "账本审计发现异常"),
        text: say(
          `Audit ${announcement.runId} found ${announcement.violations} so far. Read \`tallystick audit --repair-plan\`; correct by entries, never by editing rows.`,
          `第 ${announcement.runId} 次审计目前已发现 ${announcement.violations} 处异常。请运行 \`tallystick audit --repair-plan\`；以新分录更正，切勿直接改行。`,
        ),
        fields: announcement.findings.map(({ accountId, equation, detail }) => ({
          name: equation,
          value: accountId === null ? detail : `${say("account", "账户")} ${accountId}: ${detail}`,
        })),
      };
    case "endpoint.disabled":
      return {
        severity: "warning",
        title: say("An endpoint was disabled", "事件接收端已停用"),
        text:
          announcement.reason === "gone"
            ? say(`${announcement.host} answered 410: it is gone.`, `${announcement.host} 返回 410：该地址已不存在。`)
            : say(
                `${announcement.host} took nothing for five days. Mend it, enable it, and replay what it missed.`,
                `${announcement.host} 已连续五天未接收任何事件。请修复并重新启用，然后重放错过的事件。`,
              ),
        fields: [...ownerOf(announcement), { name: say("Endpoint", "接收端编号"), value: announcement.endpointId }],
      };
  }
}
