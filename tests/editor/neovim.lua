-- Opens a file in Neovim's own client, waits for diagnostics, applies the first fix, and prints what it saw.
local path, python = vim.env.CNNCALC_FILE, vim.env.CNNCALC_PYTHON
vim.cmd("edit " .. vim.fn.fnameescape(path))
local buffer = vim.api.nvim_get_current_buf()
local id = vim.lsp.start_client({ name = "cnncalc", cmd = { python, "-m", "cnncalc", "server" }, root_dir = vim.fn.fnamemodify(path, ":h") })
vim.lsp.buf_attach_client(buffer, id)
assert(vim.wait(60000, function() return #vim.diagnostic.get(buffer) > 0 end, 50), "no diagnostics")
local found = vim.diagnostic.get(buffer)[1]
print("DIAGNOSTIC " .. found.lnum .. ":" .. found.col .. "-" .. found.end_col .. " " .. tostring(found.code or found.user_data.lsp.code))
local place = { start = { line = found.lnum, character = found.col }, ["end"] = { line = found.lnum, character = found.col } }
local params = { textDocument = vim.lsp.util.make_text_document_params(buffer), range = place, context = { diagnostics = {} } }
local answers = vim.lsp.buf_request_sync(buffer, "textDocument/codeAction", params, 60000)
for _, action in ipairs(answers[id].result) do
  if action.title == vim.env.CNNCALC_FIX then
    vim.lsp.util.apply_workspace_edit(action.edit, "utf-16")
  end
end
assert(vim.wait(60000, function() return #vim.diagnostic.get(buffer) == 0 end, 50), "the diagnostic stays")
print("TEXT " .. table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "|"))
vim.lsp.stop_client(id)
vim.cmd("qall!")
